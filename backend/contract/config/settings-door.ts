// The settings of the gateway's entrance and of the app: where Hearth listens, who may come in, what it logs, the
// desktop app. Declarations only; config.ts joins all sections.
import { LANGUAGES } from '../languages.ts';
import { hostName, webOrigin } from '../address.ts';
import { apiKeysSchema } from '../rules/api-key.ts';
import { LISTENS_AT } from '../listens-at.ts';
import { spelledShortcut } from '../shortcut-keys.ts';
import { amount, choice, field, flag, list, section, spelled, whole } from './config-field.ts';

const YEAR_S = 31_536_000;

const host = () => spelled(hostName, 'an IP address or a host name, without a port');
const origin = () => spelled(webOrigin, 'an origin such as "http://localhost:3000"');

export const server = section('Gateway', {
  host: field(host(), {
    title: 'Listen on',
    hint: 'The address to listen on. Anything but loopback also needs a key or server.allow_anonymous; without either Hearth stays on loopback and says so.',
    ...LISTENS_AT.host,
    applies: 'restart',
    advanced: true,
  }),
  port: field(whole(0, 65_535), {
    title: 'Port',
    hint: 'The port to listen on; 0 takes any free one.',
    ...LISTENS_AT.port,
    applies: 'restart',
  }),
  workers: field(whole(1, 1024), {
    title: 'Workers',
    hint: 'Number of worker threads of the old backend.',
    default: 1,
    unit: 'count',
    applies: 'restart',
    advanced: true,
    inert: 'One process does all the work.',
  }),
  lan: field(flag(), {
    title: 'Let other machines in',
    hint: 'Listens on all addresses of this machine and accepts them as Host. Needs a key first, so that only your machines get in.',
    default: false,
    applies: 'restart',
  }),
  allow_anonymous: field(flag(), {
    title: 'Let anyone in without a key',
    hint: 'Lets in callers from other machines who show no key. Meant for containers whose port is published on loopback only.',
    default: false,
    applies: 'restart',
    advanced: true,
  }),
  allowed_hosts: field(list(host().type, 100, 'a list of host names or IP addresses, without ports', 'a host name'), {
    title: 'Further host names',
    hint: 'Names under which Hearth may be called beside localhost, such as the name in a reverse proxy. Exact names, no wildcards.',
    default: [],
    applies: 'live',
    advanced: true,
  }),
  allow_management: field(flag(), {
    title: 'Let pages and machines change models',
    hint: 'Lets web pages and other machines pull, push, create, copy and delete models. Programs of this machine always may.',
    default: false,
    applies: 'live',
    advanced: true,
  }),
  max_body_mb: field(amount(0.1, 1024), {
    title: 'Largest request',
    hint: 'A request body above this is refused with too_large.',
    default: 64,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  max_inflight_mb: field(amount(1, 65_536), {
    title: 'Requests under way, at most',
    hint: 'Memory for all request bodies until their requests are over, unpacked, and for long answers until they are read. Past it new ones are refused with overloaded. No single body may be larger.',
    default: 256,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  stalled_reader_s: field(whole(1, 86_400), {
    title: 'Close on a caller who does not read after',
    hint: 'The clock starts when the connection last took some of an answer that waits for it. Who reads slowly is never cut.',
    default: 300,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  drain_timeout_ms: field(whole(0, 600_000), {
    title: 'Time to finish when stopping',
    hint: 'How long running answers may go on after Stop, Quit or SIGTERM.',
    default: 10_000,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  api_keys: field(
    {
      type: apiKeysSchema,
      kind: 'keys',
      allowed: 'a list of at most 100 keys with different names, each as `hearth key create` writes it',
      max: 100,
    },
    {
      title: 'Keys',
      brief: 'Other machines must show one. Only hashes are kept.',
      hint: 'Callers from other machines must show one. What each may do: chat, cache, manage. Only hashes are kept.',
      default: [],
      applies: 'live',
      secret: 'hashed',
    },
  ),
});

const ORIGINS =
  'a list of origins such as "http://localhost:3000", without paths, or "*"; one "*" may stand for a whole host, for what comes before a domain, or for the port: "chrome-extension://*", "https://*.example.com", "http://nas.local:*"';

export const cors = section('Web pages', {
  allowed_origins: field(list(origin().type, 1000, ORIGINS, 'an origin'), {
    title: 'Web pages that may connect',
    hint: 'Origins of pages and browser extensions. Pages on this machine may always connect; "*" lets in every page you visit.',
    default: ['http://localhost:3000'],
    applies: 'live',
  }),
  blocked_origins: field(list(origin().type, 1000, ORIGINS, 'an origin'), {
    title: 'Web pages that are refused',
    hint: 'Origins that you are not asked about again. They stay out whatever else would let them in.',
    default: [],
    applies: 'live',
    advanced: true,
  }),
});

export const log = section('Log', {
  level: field(
    choice({
      trace: 'trace',
      debug: 'debug',
      info: 'info',
      warn: 'warn',
      error: 'error',
      fatal: 'fatal',
      silent: 'silent',
    }),
    {
      title: 'Log',
      hint: 'The least important lines to write.',
      default: 'info',
      applies: 'live',
      advanced: true,
      env: ['LOG_LEVEL', 'RUST_LOG'],
    },
  ),
  requests: field(flag(), {
    title: 'Keep request text',
    brief: 'Prompts and answers, on this machine only. Shown in Requests, and in the log.',
    hint: 'Writes prompts and answers to the log, and keeps them with their requests as "Watch closely" does. On this machine only.',
    default: false,
    applies: 'live',
  }),
  prompts_mb: field(amount(0, 1024), {
    title: 'Prompts to compare',
    hint: 'Memory for the last prompts, to tell to the character where two of them part. Nothing of it is written. 0: hashes alone are kept, which tell it to 256 characters.',
    default: 4,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  list_ttl_seconds: field(whole(60, YEAR_S), {
    title: 'List a request for',
    hint: 'Which app asked which model when, and how long it took; no text. The clock starts when the request comes.',
    default: 30 * 86_400,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  list_max: field(whole(0, 10_000_000), {
    title: 'Requests in the list, at most',
    hint: 'The oldest go first; 0 lists none. A million take 90 MB on the disk if all are hits, and 600 MB if none is. In memory alone there are at most 10,000.',
    default: 1_000_000,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  texts_ttl_seconds: field(whole(60, YEAR_S), {
    title: 'Keep texts for',
    hint: 'What is asked and answered while you watch closely, or with log.requests. Then it is gone from the disk too. The clock starts when a text is kept.',
    default: 86_400,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  texts_max_mb: field(amount(0, 65_536), {
    title: 'Kept texts, at most',
    hint: 'The oldest go first. In memory alone there are at most 16 MB.',
    default: 64,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  texts_memory_mb: field(amount(0, 1024), {
    title: 'Last requests in memory, at most',
    hint: 'As they came, to run one again or copy it; never written. The newest win. 0: none.',
    default: 8,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
});

export const app = section('This app', {
  start_at_login: field(flag(), {
    title: 'Start at login',
    hint: 'Opens Hearth in the tray when you log in.',
    default: false,
    applies: 'live',
    only: 'desktop',
  }),
  start_ollama: field(flag(), {
    title: 'Start Ollama when it is not running',
    hint: 'Starts the installed ollama program, and stops only what it started.',
    default: false,
    applies: 'live',
    only: 'desktop',
  }),
  notifications: field(flag(), {
    title: 'Notifications',
    hint: 'Tells about changes of state, such as Ollama going away.',
    default: true,
    applies: 'live',
    only: 'desktop',
  }),
  language: field(choice({ auto: 'As the system', ...LANGUAGES }), {
    title: 'Language',
    hint: 'Of the tray, the window and the notifications. The API and the log speak English.',
    default: 'auto',
    applies: 'live',
    only: 'desktop',
  }),
  shortcut: field(
    spelled(spelledShortcut, 'keys such as "Ctrl+Shift+H", with Ctrl, Alt, Super or Cmd, or empty for none'),
    {
      title: 'Keys that open the window',
      hint: 'From everywhere, such as "Ctrl+Shift+H". Empty: none.',
      default: '',
      applies: 'live',
      only: 'desktop',
    },
  ),
  check_updates: field(flag(), {
    title: 'Check for updates',
    hint: 'Looks once a day for a newer release, fetches and checks it. It is used after a restart, which you are asked for. A copy without an address for releases asks nobody.',
    default: true,
    applies: 'live',
    advanced: true,
    only: 'desktop',
  }),
});

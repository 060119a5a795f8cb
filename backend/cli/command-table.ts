// Every command of `hearth`, as data: source of the parser, the help, shell completion, the man page and docs/cli.md.
// commands/ has the code; command-handlers.ts says which file.

import type { ArgumentInfo, CommandInfo, OptionInfo } from './command-info.ts';

const config = {
  value: 'FILE',
  what: 'configuration, TOML or JSON (else CONFIG_PATH, else ./config.toml)',
  completes: 'file',
} as const satisfies OptionInfo;
const json = { what: 'print JSON, for programs' } as const satisfies OptionInfo;

/** Options of each command that talks to a gateway. */
const remote = {
  url: { value: 'URL', what: 'the gateway (else HEARTH_URL, else where hearth serve listens by its configuration)' },
  'api-key-file': {
    value: 'FILE',
    what: 'a file with a key for a gateway elsewhere (or the key itself in HEARTH_API_KEY)',
    completes: 'file',
  },
  'api-key': { value: 'KEY', what: 'the key itself; other users of this machine can see it in the list of processes' },
  config,
  json,
} as const satisfies Record<string, OptionInfo>;

const data = {
  value: 'DIR',
  what: 'the folder where Hearth keeps its data (else HEARTH_DATA_DIR, else that of hearth serve)',
  completes: 'folder',
} as const satisfies OptionInfo;

/** Options of `hearth serve`, and of the commands that show its settings. */
const settings = {
  config,
  host: { value: 'HOST', what: 'address to listen on (server.host)' },
  port: { value: 'PORT', what: 'port to listen on, 0 for a free one (server.port)' },
  mode: { value: 'MODE', what: 'live, record or replay (cache.mode)' },
  set: {
    value: 'KEY=VALUE',
    what: 'any setting, as in --set ollama.model=llama3.2; may be repeated',
    repeats: true,
    completes: 'setting',
  },
} as const satisfies Record<string, OptionInfo>;

const recordingFile = { name: 'FILE', what: 'the file; - is standard output or input', completes: 'file' } as const;
const keyName = { name: 'NAME', what: 'the name of the key', completes: 'key' } as const;
const modelName = { name: 'MODEL', what: 'its name, as Ollama has it', completes: 'model' } as const;
const requestId = { name: 'ID', what: 'its id, as X-Request-ID has it', completes: 'request' } as const;
const setting = { name: 'KEY', what: 'the setting, as in queue.max_concurrent', completes: 'setting' } as const;

export const COMMANDS = {
  serve: {
    what: 'run the gateway',
    more: [
      'It prints one line with its address when it listens, and its log as JSON lines on standard error. It follows changes of its configuration, and ends running answers when it is told to stop (SIGTERM, SIGINT).',
    ],
    options: {
      ...settings,
      recording: {
        value: 'FILE',
        what: 'replay what is in this file, as hearth cache export wrote it; nothing is written to disk then',
        completes: 'file',
      },
    },
  },
  status: {
    what: 'how the gateway and Ollama are',
    more: [
      'It ends with 0 when both are well, and with 69 when questions cannot be answered now: with --fleet by no gateway of the fleet.',
    ],
    options: {
      fleet: { what: 'all gateways of the fleet: what each runs, on which Ollama, what it had kept' },
      ...remote,
    },
  },
  top: {
    what: 'what goes on, live',
    more: [
      'It shows the line, what ended last and the models until q or Ctrl-C. Where the output is no terminal it prints one picture and ends. With --json it prints each event as a line.',
    ],
    options: remote,
  },
  requests: {
    what: 'the requests of the last weeks, the newest first',
    options: {
      app: { value: 'NAME', what: 'of this app alone' },
      model: { value: 'MODEL', what: 'for this model alone', completes: 'model' },
      source: { value: 'SOURCE', what: 'answered so', choices: ['hit', 'miss', 'coalesced', 'bypass', 'none'] },
      class: { value: 'CLASS', what: 'of this class', choices: ['interactive', 'normal', 'background'] },
      status: {
        value: 'STATUS',
        what: 'that are so',
        choices: ['queued', 'processing', 'completed', 'failed', 'cancelled', 'expired'],
      },
      since: { value: 'TIME', what: 'that came since: a time, or how long ago, as in 2h' },
      until: { value: 'TIME', what: 'that came before: a time, or how long ago' },
      search: { value: 'TEXT', what: 'with this text in their id, app, model or route' },
      limit: { value: 'N', what: 'so many at most (20)' },
      follow: { what: 'go on with those that end from now on' },
      ...remote,
    },
    examples: ['hearth requests --app aider --since 2h', 'hearth requests --follow --json'],
  },
  'requests show': {
    what: 'one request: where its time went, why it was slow, why it was not served from the cache',
    arguments: [requestId],
    options: remote,
  },
  queue: { what: 'who runs and who waits', options: remote },
  cancel: {
    what: 'cancel a request that waits or runs',
    arguments: [{ ...requestId, completes: 'living' }],
    options: remote,
  },
  warm: {
    what: 'load a model now',
    arguments: [{ ...modelName, what: 'the model (else the default one)', optional: true }],
    options: remote,
  },
  unload: {
    what: 'take a model out of memory',
    arguments: [{ ...modelName, what: 'the model (else the default one)', optional: true }],
    options: { idle: { what: 'all models that no request needs now' }, ...remote },
  },
  clear: {
    what: 'forget kept answers',
    options: {
      model: { value: 'MODEL', what: 'of this model alone', completes: 'model' },
      'older-than': { value: 'TIME', what: 'older than this alone, as in 2h' },
      ...remote,
    },
  },
  key: { what: 'keys for callers from other machines', options: {} },
  'key create': {
    what: 'make a key; it is printed once',
    arguments: [{ name: 'NAME', what: 'a name for the key' }],
    options: {
      config,
      scopes: { value: 'LIST', what: 'what it is for: chat, cache, manage (chat)' },
      'requests-per-minute': { value: 'N', what: 'its limit' },
      'max-active': { value: 'N', what: 'its most requests at once' },
      'high-priority': { what: 'it may ask to go before normal requests' },
      json,
    },
  },
  'key list': { what: 'the keys that there are', options: { config, json } },
  'key revoke': { what: 'end a key', arguments: [keyName], options: { config, json } },
  cache: {
    what: 'recorded questions and answers, as a file',
    more: [
      'One line of JSON for each question and its answer, always in the same order, so that it can be kept in a repository. It works while a gateway runs, and while none does.',
      'Recordings are made with cache.mode "record" (hearth serve --mode record). What is kept in the usual mode is not exported: its questions are known by their hashes alone. Pictures stand in the file as their hashes.',
    ],
    options: {},
  },
  'cache export': { what: 'write the recordings into a file', arguments: [recordingFile], options: { data, config } },
  'cache import': {
    what: 'read recordings from a file',
    arguments: [recordingFile],
    options: {
      data,
      replace: { what: 'remove what was recorded before; else it stays, but for the questions in the file' },
      config,
    },
  },
  'cache clear': { what: 'remove all recordings, and nothing else', options: { data, config } },
  config: { what: 'the settings of hearth serve', options: {} },
  'config print': {
    what: 'all settings as hearth serve would use them, without the secrets in them',
    options: { ...settings, json: { what: 'print JSON, not TOML' } },
  },
  'config check': {
    what: 'say whether hearth serve can use a file, and what is wrong with it',
    arguments: [{ name: 'FILE', what: 'the file', completes: 'file' }],
    options: {},
  },
  'config get': {
    what: 'one setting, as hearth serve would use it',
    arguments: [setting],
    options: { config, json },
  },
  'config set': {
    what: 'write one setting into the configuration file',
    more: [
      'Comments and order of the file stay. A gateway that follows the file takes it over at once, or after a restart where it says so. A VALUE of - is read from standard input, for secrets.',
    ],
    arguments: [setting, { name: 'VALUE', what: 'as it would stand in the environment; lists as JSON or with commas' }],
    options: { config },
    examples: ['hearth config set queue.max_concurrent 2', 'hearth config set ollama.api_key - < key.txt'],
  },
  models: { what: 'the installed models', options: {} },
  'models list': { what: 'what is installed, and what is in memory until when', options: remote },
  'models pull': {
    what: 'install a model, or a newer one',
    more: [
      'The gateway downloads it, one model at a time. When it breaks off it goes on by itself; when you stop the command it pauses, and the same command goes on where it was.',
    ],
    arguments: [modelName],
    options: {
      on: { value: 'NAME', what: 'the machine of [[upstreams]] that it is for; else the first that answers' },
      ...remote,
    },
  },
  'models rm': {
    what: 'remove a model from the disk',
    arguments: [modelName],
    options: { yes: { what: 'do not ask back' }, ...remote },
  },
  doctor: {
    what: 'look for what goes wrong in real life, and say what to do',
    more: [
      'It also works when the gateway does not run, and then checks what it can. It changes nothing. It ends with 1 when a check has failed.',
    ],
    options: remote,
  },
  completion: {
    what: 'print what makes a shell complete these commands',
    arguments: [{ name: 'SHELL', what: 'which one', choices: ['bash', 'zsh', 'fish'] }],
    options: {},
    examples: [
      'hearth completion bash > ~/.local/share/bash-completion/completions/hearth',
      'hearth completion zsh > ~/.zfunc/_hearth',
      'hearth completion fish > ~/.config/fish/completions/hearth.fish',
    ],
  },
  __words: {
    what: 'what a shell completes a word with',
    hidden: true,
    arguments: [{ name: 'KIND', what: 'what kind of word', choices: ['model', 'request', 'living', 'key'] }],
    options: {},
  },
} as const satisfies Readonly<Record<string, CommandInfo>>;

export type CommandName = keyof typeof COMMANDS;

/** The description of any command. */
export function infoOf(name: CommandName): CommandInfo {
  return COMMANDS[name];
}

/** Commands for users. */
export const COMMAND_NAMES = (Object.keys(COMMANDS) as readonly CommandName[]).filter(
  (name) => infoOf(name).hidden !== true,
);

/** The commands one level below: "key create" and others for `key`, all first words for "". */
export function commandsBelow(name: CommandName | ''): readonly CommandName[] {
  const depth = name === '' ? 1 : name.split(' ').length + 1;
  return COMMAND_NAMES.filter(
    (each) => each.split(' ').length === depth && (name === '' || each.startsWith(`${name} `)),
  );
}

/** A command that does nothing by itself: it groups those below it. */
export type GroupName = 'key' | 'cache' | 'config' | 'models';
export const GROUPS: readonly CommandName[] = ['key', 'cache', 'config', 'models'] satisfies readonly GroupName[];

type ValueOf<O> = O extends { readonly repeats: true }
  ? readonly string[]
  : O extends { readonly value: string }
    ? string | undefined
    : boolean;

/** The options of a command as its handler gets them, by their long names. */
export type OptionsOf<N extends CommandName> = {
  readonly [K in keyof (typeof COMMANDS)[N]['options']]: ValueOf<(typeof COMMANDS)[N]['options'][K]>;
};

type ArgumentOf<A> = A extends { readonly optional: true } ? string | undefined : string;

/** Its arguments, in order. */
export type ArgumentsOf<N extends CommandName> = (typeof COMMANDS)[N] extends {
  readonly arguments: infer A extends readonly ArgumentInfo[];
}
  ? { readonly [I in keyof A]: ArgumentOf<A[I]> }
  : readonly [];

/** The parsed command line. */
export interface Asked<N extends CommandName> {
  readonly args: ArgumentsOf<N>;
  readonly options: OptionsOf<N>;
}

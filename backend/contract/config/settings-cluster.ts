// The settings of a fleet: several gateways that share answers through one Valkey. Declarations only; config.ts joins
// all sections.
import { valkeyAddress } from '../valkey-address.ts';
import { field, section, spelled, whole } from './config-field.ts';

/** Part of key names and of metric labels. */
const word = (text: string): string | undefined => (/^[\w.-]{1,64}$/.test(text.trim()) ? text.trim() : undefined);
const wordOrNone = (text: string): string | undefined => (text.trim() === '' ? '' : word(text));

const filePath = (text: string): string | undefined =>
  /^[^\p{Cc}]{0,4096}$/u.test(text.trim()) ? text.trim() : undefined;

export const cluster = section('Fleet', {
  url: field(spelled(valkeyAddress, 'an address such as "valkey://user:password@10.0.0.5:6379", or empty for none'), {
    title: 'Valkey',
    brief: 'Gateways that name the same one share their answers.',
    hint: 'A Valkey or Redis (from 6.2 on) through which gateways share kept answers, running answers and the limits of keys: redis:// or valkey://, with TLS rediss:// or valkeys://. Empty: this gateway is alone. docs/cluster.md says what Valkey must be set to.',
    default: '',
    applies: 'restart',
    advanced: true,
    secret: 'userinfo',
  }),
  name: field(spelled(word, 'a word of at most 64 letters, digits, "_", "." or "-"'), {
    title: 'Name of the fleet',
    hint: 'Gateways share only with those that have the same name here, so that several fleets can use one Valkey.',
    default: 'hearth',
    applies: 'restart',
    advanced: true,
  }),
  node: field(spelled(wordOrNone, 'a word of at most 64 letters, digits, "_", "." or "-", or empty'), {
    title: 'Name of this gateway',
    hint: 'By which others in the fleet know it, and metrics are told apart. Empty: the name of this machine.',
    default: '',
    applies: 'restart',
    advanced: true,
  }),
  ca_file: field(spelled(filePath, 'the path of a file'), {
    title: 'Certificates to trust for Valkey',
    hint: 'A PEM file with your own certificate authority, for a Valkey behind TLS. It is believed beside those that Node and NODE_EXTRA_CA_CERTS name.',
    default: '',
    applies: 'restart',
    advanced: true,
  }),
  cert_file: field(spelled(filePath, 'the path of a file'), {
    title: 'Own certificate for Valkey',
    hint: 'A PEM file with the certificate that this gateway shows to a Valkey that wants one (its tls-auth-clients). Empty: none is shown.',
    default: '',
    applies: 'restart',
    advanced: true,
  }),
  key_file: field(spelled(filePath, 'the path of a file'), {
    title: 'Key of that certificate',
    hint: 'A PEM file with the private key of cluster.cert_file. Empty: it stands in the same file.',
    default: '',
    applies: 'restart',
    advanced: true,
  }),
  job_replicas: field(whole(0, 10), {
    title: 'Replicas that must have a job',
    hint: 'A job is accepted, and its result told, only when so many replicas of Valkey have it too: then it survives a failover. 0: Valkey itself is enough.',
    default: 0,
    applies: 'restart',
    advanced: true,
  }),
  timeout_ms: field(whole(10, 10_000), {
    title: 'Wait for Valkey at most',
    hint: 'After so long without an answer from Valkey this gateway goes on alone, until Valkey answers again. The clock starts with each question.',
    default: 250,
    unit: 'ms',
    applies: 'restart',
    advanced: true,
  }),
});

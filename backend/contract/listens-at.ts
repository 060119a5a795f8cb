// Where Hearth listens unless it is told otherwise, and by which names it can be told. A file of its own, since the command
// line needs it where the schemas of all settings would take too long to load.

export const LISTENS_AT = {
  host: { default: '127.0.0.1', env: ['HOST'] },
  port: { default: 8080, env: ['PORT'] },
} as const;

/** All names in the environment of a setting, strongest first. */
export function namesInEnvironment(section: string, key: string, others: readonly string[] = []): readonly string[] {
  return [`${section}__${key}`.toUpperCase(), ...others];
}

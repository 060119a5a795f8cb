// Hearth's default host and port, and the environment variables for them. Its own file, because the command line needs
// it without loading the schemas of all settings, which takes too long.

export const LISTENS_AT = {
  host: { default: '127.0.0.1', env: ['HOST'] },
  port: { default: 8080, env: ['PORT'] },
} as const;

/** All environment variables of a setting, strongest first. */
export function namesInEnvironment(section: string, key: string, others: readonly string[] = []): readonly string[] {
  return [`${section}__${key}`.toUpperCase(), ...others];
}

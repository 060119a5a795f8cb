// The files for running Hearth for good agree with the program: settings, port, drain time, Node's version, hardening.
// No container engine and no systemd is needed; what those say of the files is in docs/deployment.md.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environment } from '../../../backend/contract/config/config-docs.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { effectiveBind } from '../../../backend/http/door/bind.ts';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const withoutComments = (text: string): string => text.replace(/^\s*#.*\n?/gm, '');

const unit = withoutComments(read('deploy/hearth.service'));
const dockerfile = withoutComments(read('deploy/Dockerfile'));
const compose = withoutComments(read('deploy/compose.yaml'));

/** Every value of a directive of the unit. */
const directive = (name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');

/** The lines below `key:` of a service that are indented deeper. */
function block(service: string, key: string): string {
  const inService = new RegExp(`^  ${service}:\\n((?:    .*\\n|\\n)*)`, 'm').exec(compose)?.[1] ?? '';
  return new RegExp(`^    ${key}:(.*\\n(?:      .*\\n)*)`, 'm').exec(inService)?.[1] ?? '';
}

function composeEnvironment(): Record<string, string> {
  const lines = [...block('hearth', 'environment').matchAll(/^ {6}(\w+): *(.+)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value.replace(/^'(.*)'$/, '$1')]));
}

/** A server that answers everything with one status; the requests it saw. */
async function serving<T>(status: number, use: (port: number, seen: string[]) => Promise<T>): Promise<T> {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url} ${req.headers.host}`);
    res.writeHead(status).end('{}');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  try {
    return await use(port, seen);
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}

const DRAIN_MS = defaultConfig().server.drain_timeout_ms;
const PORT = defaultConfig().server.port;

describe('deploy/hearth.service', () => {
  test.each([
    ['DynamicUser', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'yes'],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['ProtectClock', 'yes'],
    ['NoNewPrivileges', 'yes'],
    ['CapabilityBoundingSet', ''],
    ['RestrictNamespaces', 'yes'],
    ['LockPersonality', 'yes'],
    ['SystemCallArchitectures', 'native'],
    ['UMask', '0077'],
    ['StateDirectory', 'hearth'],
    ['CacheDirectory', 'hearth'],
  ])('%s=%s', (name, value) => {
    expect(directive(name)).toEqual([value]);
  });

  test('system calls are an allow list without privileged ones, and V8 may run what it compiles', () => {
    const [allowed, denied] = directive('SystemCallFilter');
    expect(allowed).toBe('@system-service');
    expect(denied).toMatch(/^~.*@privileged/);
    expect(directive('MemoryDenyWriteExecute')).toEqual([]);
    expect(directive('RestrictAddressFamilies')[0]?.split(' ')).toEqual([
      'AF_INET',
      'AF_INET6',
      'AF_UNIX',
      'AF_NETLINK',
    ]);
  });

  test('it waits longer for the end than Hearth takes to drain', () => {
    expect(directive('KillSignal')).toEqual(['SIGTERM']);
    expect(Number(directive('TimeoutStopSec')[0]) * 1000).toBeGreaterThan(DRAIN_MS);
  });

  test('it is started again after a crash, and not after wrong settings or arguments', () => {
    expect(directive('Restart')).toEqual(['on-failure']);
    expect(directive('RestartPreventExitStatus')).toEqual(['78 64']);
  });

  test('it starts without any settings', () => {
    expect(unit).not.toMatch(/--config|CONFIG_PATH/);
    expect(directive('EnvironmentFile').every((file) => file.startsWith('-'))).toBe(true);
    expect(directive('WorkingDirectory')).toEqual([`/etc/${directive('ConfigurationDirectory')[0]}`]);
  });
});

describe('deploy/Dockerfile', () => {
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1] ?? '');

  test("one Node in all stages, and package.json's engines accept it", () => {
    expect(new Set(stages).size).toBe(1);
    const major = Number(/^node:(\d+)-\w+-slim$/.exec(stages[0] ?? '')?.[1]);
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const least = Number(/^>=(\d+)\.\d+/.exec(engines.node)?.[1]);
    // The tag is the newest of its major version, so a higher major is enough; an equal one would need a look at the minor.
    expect(major).toBeGreaterThan(least);
    expect(major % 2).toBe(0);
  });

  test('it exposes the port that Hearth takes by default', () => {
    expect(/^EXPOSE (.+)$/m.exec(dockerfile)?.[1]).toBe(String(PORT));
    expect(dockerfile).toContain(`process.env.PORT || ${PORT},`);
  });

  test('the process is not root, gets SIGTERM itself, and listens on loopback by default', () => {
    expect(/^USER (.+)$/m.exec(dockerfile)?.[1]).toBe('node');
    expect(/^STOPSIGNAL (.+)$/m.exec(dockerfile)?.[1]).toBe('SIGTERM');
    expect(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1]).toBe('["node", "hearth.mjs"]');
    expect(/^CMD (.+)$/m.exec(dockerfile)?.[1]).toBe('["serve"]');
    const names = [...dockerfile.matchAll(/^ENV (\w+)=/gm)].map((match) => match[1]);
    expect(names).toEqual(['NODE_ENV', 'HEARTH_DATA_DIR']);
    // Made before it is left to the process, which may not make it.
    expect(dockerfile).toMatch(/^RUN install .*--owner node .*--mode 0700 \/data\nVOLUME \/data\nUSER node$/m);
  });

  test('everything it copies from the project is there, and .dockerignore lets nothing else in', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' '),
    );
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const rules = withoutComments(read('.dockerignore')).trim().split('\n');
    expect(rules[0]).toBe('*');
    expect(rules.filter((rule) => rule.startsWith('!')).toSorted()).toEqual(
      [...new Set(copied)].map((path) => `!${path}`).toSorted(),
    );
    // What is compiled there must not reach beyond it: neither what the project file refers to, nor what a file imports.
    const isCopied = (path: string): boolean =>
      copied.some((each) => path === join(root, each) || path.startsWith(join(root, each, '/')));
    const compiled = (folder: string): string[] => {
      const { references = [] } = JSON.parse(read(`${folder}/tsconfig.json`)) as {
        readonly references?: readonly { readonly path: string }[];
      };
      return [folder, ...references.flatMap(({ path }) => compiled(relative(root, join(root, folder, path))))];
    };
    const folders = [...new Set(compiled('build'))];
    expect(folders.filter((folder) => !isCopied(join(root, folder)))).toEqual([]);
    const files = folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: folder !== 'build', encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(root, folder, file)),
    );
    const beyond = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)]
        .map(([, path = '']) => join(dirname(file), path))
        .filter((path) => !isCopied(path)),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(beyond).toEqual([]);
  });

  describe('its HEALTHCHECK', () => {
    const command = /^HEALTHCHECK (?:.*\\\n)*.*CMD (\[.+\])$/m.exec(dockerfile)?.[1] ?? '[]';
    const [program, ...args] = JSON.parse(command) as string[];

    const exitCode = (env: Record<string, string>): Promise<number> =>
      new Promise((done) => {
        execFile(process.execPath, args, { env }, (error) => done(typeof error?.code === 'number' ? error.code : 0));
      });

    test('is run by Node, as the image has no curl', () => {
      expect(program).toBe('node');
    });

    test('is content with 200, whichever variable says the port', async () => {
      await serving(200, async (port, seen) => {
        expect(await exitCode({ PORT: String(port) })).toBe(0);
        expect(await exitCode({ SERVER__PORT: String(port), PORT: '1' })).toBe(0);
        expect(seen).toEqual(Array.from({ length: 2 }, () => `GET /health 127.0.0.1:${port}`));
      });
    });

    test('fails with anything else, and when nobody listens', async () => {
      const free = await serving(503, async (port) => {
        expect(await exitCode({ PORT: String(port) })).toBe(1);
        return port;
      });
      expect(await exitCode({ PORT: String(free) })).toBe(1);
    });
  });
});

describe('deploy/compose.yaml', () => {
  test('the port is published on loopback only, and Ollama not at all', () => {
    expect(block('hearth', 'ports').match(/- .+/g)).toEqual([`- '127.0.0.1:${PORT}:${PORT}'`]);
    expect(block('ollama', 'ports')).toBe('');
  });

  test('its settings are valid, and together they open the container up', () => {
    const { config, problems, notices } = resolveConfig({ env: composeEnvironment() }, 'headless');
    expect([problems, notices]).toEqual([[], []]);
    expect(effectiveBind(config)).toEqual({ hosts: ['0.0.0.0'], beyondLoopback: true });
    expect(config.ollama.api_url).toBe('http://ollama:11434');
    expect(config.server.allowed_hosts).toEqual(['hearth']);
  });

  test('without them the same container stays on loopback', () => {
    const { SERVER__ALLOW_ANONYMOUS: _said, ...rest } = composeEnvironment();
    expect(effectiveBind(resolveConfig({ env: rest }, 'headless').config).beyondLoopback).toBe(false);
  });

  test('it is hardened, and stopped with more patience than Hearth takes to drain', () => {
    expect(block('hearth', 'read_only').trim()).toBe('true');
    expect(block('hearth', 'cap_drop').trim()).toBe('- ALL');
    expect(block('hearth', 'security_opt').trim()).toBe('- no-new-privileges:true');
    expect(Number(/^ (\d+)s$/m.exec(block('hearth', 'stop_grace_period'))?.[1]) * 1000).toBeGreaterThan(DRAIN_MS);
  });
});

test('every variable that the files set or read is one that Hearth knows', () => {
  const known = [...environment.map(({ name }) => name), 'NODE_ENV'];
  const used = [
    ...directive('Environment').map((pair) => pair.split('=')[0] ?? ''),
    ...[...dockerfile.matchAll(/^ENV (\w+)=|process\.env\.(\w+)/gm)].map(([, set, got]) => set ?? got ?? ''),
    ...Object.keys(composeEnvironment()),
    // In comments too: they are there to be copied.
    ...[...read('deploy/compose.yaml').matchAll(/^\s*# ?(\w+): /gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => /^[A-Z_]+$/.test(name)),
  ];
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((name) => !known.includes(name))).toEqual([]);
});

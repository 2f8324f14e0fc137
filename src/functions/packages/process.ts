// `process` for packages in a function: what code looks at while it loads, and nothing of the host's.

const nothing = (): void => {};

export const replacement = {
  browser: true,
  env: {},
  argv: [],
  execArgv: [],
  pid: 1,
  title: "function",
  platform: "linux",
  arch: "x64",
  version: "v22.0.0",
  versions: { node: "22.0.0" },
  cwd: (): string => "/",
  chdir: nothing,
  umask: (): number => 0,
  on: nothing,
  once: nothing,
  off: nothing,
  emit: nothing,
  emitWarning: nothing,
  removeListener: nothing,
  removeAllListeners: nothing,
  nextTick: (work: (...args: unknown[]) => void, ...args: unknown[]): void => {
    Promise.resolve().then(() => work(...args));
  },
};

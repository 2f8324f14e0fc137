// Which published command lines may deploy.
import { AppError } from "../../errors.ts";

const OLDEST = [0, 39, 25] as const;
const CLI = /^nango-cli\/(\d{1,6})\.(\d{1,6})\.(\d{1,6})/;

/** Throws `invalid_cli_version` for the agent of a command line that is too old; anything else may pass. */
export const checkCliVersion = (userAgent: string | undefined): void => {
  const [, ...version] = CLI.exec(userAgent ?? "") ?? [];
  const differing = version.findIndex((part, index) => Number(part) !== OLDEST[index]);
  if (differing === -1 || Number(version[differing]) > OLDEST[differing]!) return;
  const message = `Version ${version.join(".")} of the command line is too old: ${OLDEST.join(".")} or later is needed.`;
  throw new AppError("invalid_cli_version", message);
};

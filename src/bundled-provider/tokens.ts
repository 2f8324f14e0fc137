// Access and refresh tokens that say themselves when they end, signed with a seeded hash: good enough for a test API only.
import { hash } from "./random.ts";
import type { Clock } from "./world.ts";

type Options = { seed: number; clock: Clock; tokenSeconds: number; rotateRefreshTokens: boolean };

export const createTokens = ({ seed, clock, tokenSeconds, rotateRefreshTokens }: Options) => {
  let issued = 0;
  let firstValid = 1; // tokens numbered below were expired by hand
  let generation = 0; // of refresh tokens

  const sign = (number: number, endsAt: number) => hash(seed, number, endsAt, 0x70).toString(16);
  const refreshToken = () => `acme-refresh-${generation}`;

  return {
    issue: (): string => {
      issued += 1;
      const endsAt = clock.now() + tokenSeconds * 1000;
      return `acme_${issued}_${endsAt}_${sign(issued, endsAt)}`;
    },
    check: (token: string): "valid" | "expired" | "unknown" => {
      const [name, number, endsAt, signature] = token.split("_");
      if (name !== "acme" || signature !== sign(Number(number), Number(endsAt))) return "unknown";
      return Number(number) >= firstValid && clock.now() < Number(endsAt) ? "valid" : "expired";
    },
    /** The refresh token that is good now. */
    refreshToken,
    /** Checks a refresh token and returns the one to use next; undefined when it is not the current one. */
    spendRefreshToken: (token: string): string | undefined => {
      if (token !== refreshToken()) return undefined;
      if (rotateRefreshTokens) generation += 1;
      return refreshToken();
    },
    /** From now on every access token issued so far counts as expired. */
    expireAll: (): void => {
      firstValid = issued + 1;
    },
    reset: (): void => {
      [issued, firstValid, generation] = [0, 1, 0];
    },
  };
};

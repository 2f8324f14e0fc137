// A 401 with credentials that can be renewed: one more attempt with new ones, though no retries were asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { makeAttempts } from "../../src/outbound/attempts.ts";
import type { GetTarget, ProxyTarget } from "../../src/outbound/types.ts";
import { fakeClock } from "./server.ts";

const targetWith = (version: number, refresh_token?: string): ProxyTarget => ({
  provider: { display_name: "Acme", auth_mode: "OAUTH2" },
  credentials: { type: "OAUTH2", access_token: `token ${version}`, ...(refresh_token && { refresh_token }) },
  connectionConfig: {},
  metadata: {},
  version,
});

type Asked = { statuses: number[]; retries?: number; canRepeat?: boolean; renew: () => ProxyTarget };

/** What the attempts came to, the tokens they were made with, and what the target was asked for. */
const attemptWith = async ({ statuses, retries, canRepeat = true, renew }: Asked) => {
  const { clock } = fakeClock();
  const tokens: unknown[] = [];
  const asked: Parameters<GetTarget>[0][] = [];
  const { answer } = await makeAttempts({ clock })(
    {
      method: "GET",
      retries,
      place: () => ({ url: new URL("https://acme.example/") }),
      attempt: async ({ target }) => {
        tokens.push((target.credentials as { access_token: string }).access_token);
        return { answer: { status: statuses[tokens.length - 1] ?? 200, headers: {}, data: undefined } };
      },
      canRepeat: () => canRepeat,
    },
    async (options) => {
      asked.push(options);
      return options.refresh ? renew() : targetWith(1, "r");
    },
    {},
  );
  return {
    status: answer?.status,
    tokens,
    refused: asked.filter(({ refresh }) => refresh).map(({ refused }) => refused),
  };
};

test("one more attempt is made with new credentials, and only one", async () => {
  let version = 1;
  const renew = () => targetWith(++version, "r");
  assert.deepEqual(await attemptWith({ statuses: [401], renew }), {
    status: 200,
    tokens: ["token 1", "token 2"],
    refused: [1],
  });
  version = 1;
  const again = await attemptWith({ statuses: [401, 401], renew });
  assert.deepEqual([again.status, again.tokens], [401, ["token 1", "token 2"]]);
});

test("the answer stands when there are no new credentials, none can be had, or the body cannot be sent again", async () => {
  const alone = { status: 401, tokens: ["token 1"] };
  assert.partialDeepStrictEqual(await attemptWith({ statuses: [401], renew: () => targetWith(1, "r") }), alone);
  const refuse = () => {
    throw new AppError("connection_refresh_backoff");
  };
  assert.partialDeepStrictEqual(await attemptWith({ statuses: [401], renew: refuse }), alone);
  assert.partialDeepStrictEqual(await attemptWith({ statuses: [401], retries: 2, renew: refuse }), alone);
  const unrepeatable = await attemptWith({ statuses: [401], canRepeat: false, renew: () => targetWith(2, "r") });
  assert.deepEqual(unrepeatable, { ...alone, refused: [] });
});

test("who is gone meanwhile is an error of its own", async () => {
  const gone = () => {
    throw new AppError("unknown_connection");
  };
  await assert.rejects(attemptWith({ statuses: [401], renew: gone }), { code: "unknown_connection" });
});

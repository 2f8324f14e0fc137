// What came of a call: how it ended, and what went over the wire for it.
import assert from "node:assert/strict";
import type { Call } from "./client-call.ts";
import type { ClientWorld } from "./client-world.ts";
import type { Contract } from "./document.ts";
import type { Exchange } from "./recorder.ts";

export type Outcome = { call: Call; ended: string; exchanges: Exchange[] };

type Refused = { response?: { status: number; data?: { error?: { code?: string } } } };

const howItFailed = (error: unknown): string => {
  if (error instanceof assert.AssertionError) throw error;
  const { response } = error as Refused;
  if (response === undefined) return "throws";
  const code = response.data?.error?.code;
  return code === undefined ? `${response.status}` : `${response.status} ${code}`;
};

/** Call, look at what it gave, and say how it ended: by its last exchange, or by its value when there was none. */
const endOf = async (world: ClientWorld, { run, check }: Call, exchanges: () => Exchange[]): Promise<string> => {
  let value: unknown;
  try {
    value = await run(world);
  } catch (error) {
    return howItFailed(error);
  }
  check?.(value as never);
  return `${exchanges().at(-1)?.status ?? value}`;
};

export const makeCall = async (world: ClientWorld, call: Call): Promise<Outcome> => {
  const from = world.exchanges.length;
  const exchanges = () => world.exchanges.slice(from);
  const ended = await endOf(world, call, exchanges).catch((error: unknown) => {
    throw new Error(`${call.method}, ${call.says}`, { cause: error });
  });
  return { call, ended, exchanges: exchanges() };
};

/** Method and path of an exchange as the document has them; of the proxy, which has every verb, only the path. */
export const operationOf = ({ placeOf }: Contract, { method, target }: Exchange): string => {
  const place = placeOf(method, target);
  if (place === undefined) return `${method} ${target.split("?")[0]} (undocumented)`;
  return place.operation["x-every-verb"] ? `ANY ${place.path}` : `${method} ${place.path}`;
};

/** The table of all calls: method, call, what was asked, how it ended. */
export const tableOf = (contract: Contract, outcomes: Outcome[]): string => {
  const rows = outcomes.map(({ call, ended, exchanges }) => {
    const last = exchanges.at(-1);
    return [call.method, call.says, last === undefined ? "no request" : operationOf(contract, last), ended].join(" | ");
  });
  return `${["method | call | request | result", ...rows].join("\n")}\n`;
};

// 200 rounds of renewing with something broken: no connection is lost, no refresh token used twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { FAULTS, type Fault, renewalRounds } from "./renewal-rounds.ts";

const ROUNDS = Number(process.env.SYNCLINE_TEST_ROUNDS ?? 200);
// A request that hangs is given up after 20 s, and a killed process takes seconds to come back.
const HANGS = 2;
const KILLS = 8;

test(`after ${ROUNDS} rounds of failures every connection is renewed, and no refresh token was used twice`, {
  timeout: 20 * 60_000,
}, async (t) => {
  const random = seeded(t);
  const { round, checkAll, happened } = await renewalRounds(t, random);
  const rare: Fault[] = [...Array(HANGS).fill("hang"), ...Array(KILLS).fill("killed")];
  const usual: Fault[] = ["none", "503", "reset", "cut"];
  for (let n = 0; n < ROUNDS; n++) {
    const isRareDue = rare.length > 0 && random.below(ROUNDS - n) < rare.length;
    const fault = isRareDue ? rare.splice(random.below(rare.length), 1)[0]! : random.pick(usual);
    await round(fault).catch((cause: unknown) => {
      throw new Error(`round ${n}, ${fault}`, { cause });
    });
  }
  await checkAll();
  for (const fault of FAULTS) assert.ok(happened[fault] > 0, `${fault} never happened`);
  t.diagnostic(`seed ${random.seed}: ${JSON.stringify(happened)}`);
});

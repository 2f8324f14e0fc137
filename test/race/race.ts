// Runs pairs of calls against each other and lists what went wrong.
import type { Pool } from "../../src/db/pool.ts";
import { collide, inOrder, meet, type Step } from "./pairs.ts";
import { CALLS, STATE, stage } from "./scene.ts";

const ORDERS = [
  [0, 1],
  [1, 0],
] as const;

const deadlockOf = (outcomes: readonly string[]) => outcomes.find((outcome) => outcome.startsWith("40P01"));

// They pass over rows that are locked and come again later: beside another call they may do nothing; the last one, part.
const SKIPPING = new Set(["tick", "requeue_expired", "claim_run", "sweep_streams"]);
const PARTIAL = "prune_old_payloads";

/** Meet every pair of these calls in both orders: how many had to wait for each other, and what went wrong. */
export const race = async (pool: Pool, names: string[], o: { collisions: number }) => {
  const { scene, restore } = await stage(pool);
  const stepOf = (name: string): Step => {
    const sql = `select * from syncline.${CALLS[name]!(scene)}`;
    return (db) => db.query(sql);
  };
  const resultOf = async (outcomes: readonly [string, string], isSwapped: boolean) => {
    const state = JSON.stringify((await pool.query({ name: "state", text: STATE })).rows[0].state);
    return `${isSwapped ? [outcomes[1], outcomes[0]] : outcomes} ${state}`;
  };
  const problems: string[] = [];
  let met = 0;

  const racePair = async (pair: readonly [string, string]): Promise<void> => {
    const steps = [stepOf(pair[0]), stepOf(pair[1])] as const;
    const serial: string[] = [];
    for (const [first, second] of ORDERS) {
      await restore();
      serial.push(await resultOf(await inOrder(pool, steps[first], steps[second]), first === 1));
    }
    for (const [first, second] of ORDERS) {
      await restore();
      const { outcomes, waited } = await meet(pool, steps[first], steps[second]);
      if (waited) met++;
      const got = await resultOf(outcomes, first === 1);
      if (SKIPPING.has(pair[second])) {
        await restore();
        serial.push(await resultOf(await inOrder(pool, steps[first], async () => {}), first === 1));
      }
      if (deadlockOf(outcomes)) problems.push(`${pair[first]}, then ${pair[second]}: ${deadlockOf(outcomes)}`);
      else if (!serial.includes(got) && pair[second] !== PARTIAL)
        problems.push(`${pair[first]}, then ${pair[second]}: ${got}\n  not ${serial.join("\n  nor ")}`);
    }
    for (let n = 0; n < o.collisions; n++) {
      await restore();
      const deadlock = deadlockOf(await collide(pool, ...steps));
      if (deadlock) problems.push(`${pair.join(" and ")} at once: ${deadlock}`);
    }
  };

  for (const [at, one] of names.entries()) {
    for (const two of names.slice(at)) await racePair([one, two]);
  }
  return { met, problems };
};

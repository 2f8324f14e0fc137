// What to try when a function did not do what its fixture says: at the time of the recording, by the rules of test mocks.
// A recording rarely says when it was made. A first attempt shows that only times differ, a second one with a clock that
// stands still shows by how much, and the third runs at that time.
import { clockShift } from "../../functions/fixtures/clock.ts";
import type { Fixture } from "../../functions/fixtures/fixture.ts";
import type { Attempt, Mode } from "./attempt.ts";

/** The mode for another attempt, or undefined when all were tried. */
export const nextMode = ({ clock }: Fixture, mode: Mode, { beside, isEndless }: Attempt): Mode | undefined => {
  const { frozenAt, isLikeMocks } = mode;
  if (isLikeMocks || isEndless) return undefined;
  const shift = clock === undefined ? clockShift(beside) : undefined;
  if (shift === undefined) return { ...mode, isLikeMocks: true };
  if (frozenAt === null) return { frozenAt: Date.now(), isLikeMocks };
  if (typeof frozenAt === "number") return { frozenAt: new Date(frozenAt + shift).toISOString(), isLikeMocks };
  return { frozenAt: null, isLikeMocks: true };
};

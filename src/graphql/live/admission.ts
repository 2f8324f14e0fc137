// Who may stay connected: the key is asked about again now and then, and each key has so many connections at most.
import { AppError } from "../../errors.ts";
import type { Asker } from "../request.ts";

const MOST_OF_ONE_KEY = 1_000; // in one process; a connection costs some 50 KB
/** Who a connection is, and the number of its key. */
export type Admitted = Asker & { key: number };

/** Checks the key, the one of the request or the one that is given; rejects with AppError. */
export type Admit = (authorization?: string) => Promise<Admitted>;

export type Admission = {
  /** One more connection of this key; what is returned takes it back. Throws `too_many_request`. */
  enter: (key: number) => () => void;
};

/** Counts the connections of this process. */
export const createAdmission = (): Admission => {
  const counts = new Map<number, number>();
  return {
    enter: (key) => {
      const before = counts.get(key) ?? 0;
      if (before >= MOST_OF_ONE_KEY) {
        throw new AppError(
          "too_many_request",
          `This key has ${MOST_OF_ONE_KEY} connections for subscriptions already.`,
        );
      }
      counts.set(key, before + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const left = counts.get(key)! - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
    },
  };
};

/** True unless the key is good no more: that it cannot be asked about now ends nobody's connection. */
export const isStillAdmitted = async (admit: Admit): Promise<boolean> => {
  try {
    await admit();
    return true;
  } catch (error) {
    return !(error instanceof AppError && (error.status === 401 || error.status === 403));
  }
};

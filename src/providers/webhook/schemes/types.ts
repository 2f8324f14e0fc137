// What every scheme is given, and what it says: nothing when the signature holds.
import type { Refusal } from "../refusal.ts";
import type { JudgeDeps, WebhookRequest } from "../types.ts";
import type { Material } from "../values.ts";

/** `secrets`: each may fit. `now` in ms. `material`: what values are taken from; the body is read when it is asked for. */
export type Checked = {
  request: WebhookRequest;
  secrets: string[];
  now: number;
  material: () => Material;
  fetchKeys: JudgeDeps["fetchKeys"];
};

export type Check<S> = (scheme: S, checked: Checked) => Refusal | undefined | Promise<Refusal | undefined>;

// What a deployment does, a line each.
import { counted } from "../words.ts";
import type { Change, Loss } from "./send.ts";

const SIGNS = { added: "+", updated: "~", removed: "-", unchanged: "=" } as const;

/** Such as `+ acme/contacts  sync  added`. */
export const describeChanges = (changes: Change[]): string => {
  const width = Math.max(0, ...changes.map(({ integration, name }) => integration.length + name.length + 1));
  return changes
    .map((one) => `${SIGNS[one.change]} ${`${one.integration}/${one.name}`.padEnd(width)}  ${one.kind}  ${one.change}`)
    .join("\n");
};

const COUNTED = ["added", "updated", "removed", "unchanged"] as const;

/** How many of each change, such as "2 added, 1 unchanged". */
export const countChanges = (changes: Change[]): string => {
  const counts = COUNTED.map((change) => [changes.filter((one) => one.change === change).length, change] as const);
  const parts = counts.filter(([count]) => count > 0).map(([count, change]) => `${count} ${change}`);
  return parts.join(", ") || "no functions";
};

/** Such as `  acme/contacts  Contact  120 records of 3 connections`. */
export const describeLosses = (losses: Loss[]): string =>
  losses
    .map(
      ({ integration, name, model, records, connections }) =>
        `  ${integration}/${name}  ${model}  ${counted(records, "record")} of ${counted(connections, "connection")}`,
    )
    .join("\n");

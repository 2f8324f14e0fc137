// How requests name syncs: "name", "name::variant" or {name, variant}; the SQL takes the text form.
import { z } from "zod";
import { Name } from "../patterns.ts";

const TextForm = z.string().regex(/^[a-zA-Z0-9_-]{1,255}(::[a-zA-Z0-9_-]{1,255})?$/);

/** One sync, as `name` or `name::variant`. */
export const SyncName = z.union([
  TextForm,
  z.strictObject({ name: Name, variant: Name.default("base") }).transform(({ name, variant }) => `${name}::${variant}`),
]);

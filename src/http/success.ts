// The answer of commands that have nothing else to say.
import { z } from "zod";

export const Success = z.strictObject({ success: z.literal(true) }).meta({ id: "Success" });

export const SUCCESS = { success: true } as const;

// /environment/connect-ui: how the connect page of an environment looks.
import { z } from "zod";
import { getConnectUi, updateConnectUi } from "../../db/environments.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

const Colour = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, "must be a colour like #1d4ed8")
  .meta({ description: "What is pressed. The text on it is black or white, whichever is read better." });
const Palette = z.strictObject({ primary: Colour });
const DefaultTheme = z.enum(["light", "dark", "system"]);

/** All there is to set. */
export const ConnectUi = z
  .strictObject({
    theme: z.strictObject({ light: Palette, dark: Palette }),
    defaultTheme: DefaultTheme,
    showWatermark: z.boolean().meta({ description: "Whether the page says by whom it is." }),
  })
  .meta({ id: "ConnectUiSettings", description: "How the connect page looks." });

const Changes = z.strictObject({
  theme: z.strictObject({ light: Palette.optional(), dark: Palette.optional() }).optional(),
  defaultTheme: DefaultTheme.optional(),
  showWatermark: z.boolean().optional(),
});

const Kept = z.object({
  theme: z.object({ light: Palette.optional(), dark: Palette.optional() }).default({}),
  defaultTheme: DefaultTheme.default("system"),
  showWatermark: z.boolean().default(false),
});

const LIGHT = { primary: "#1d4ed8" };
const DARK = { primary: "#60a5fa" };

/** The settings of an environment, with what was never set. */
export const readConnectUi = async (db: HttpDeps["db"], environment: number): Promise<z.output<typeof ConnectUi>> => {
  const { theme, ...rest } = Kept.parse(await getConnectUi(db, { environment }));
  return { theme: { light: theme.light ?? LIGHT, dark: theme.dark ?? DARK }, ...rest };
};

const shared = {
  path: "/environment/connect-ui",
  tag: "Settings",
  answers: { 200: { says: "The settings.", body: z.strictObject({ data: ConnectUi }) } },
} as const;

/** How the connect page looks: to read and to change. */
export const connectUiEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    { ...shared, method: "get", scope: "settings:read", says: "How the connect page looks" },
    async ({ environment }) => ({ data: await readConnectUi(db, environment.id) }),
  ),
  endpoint(
    { ...shared, method: "patch", scope: "settings:write", says: "Change how the connect page looks", body: Changes },
    async ({ environment, body }) => {
      await updateConnectUi(db, { environment: environment.id, changes: body });
      return { data: await readConnectUi(db, environment.id) };
    },
  ),
];

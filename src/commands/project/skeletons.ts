// The text of a new function, ready to be filled in: it compiles as it is.

const sync = (model: string): string => `import { createSync } from "syncline";
import { z } from "zod";

const ${model} = z.object({
  id: z.string(),
});

export default createSync({
  description: "What this sync keeps up to date",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  models: { ${model} },

  exec: async (nango) => {
    await nango.trackDeletesStart("${model}");
    const pages = nango.paginate<z.infer<typeof ${model}>>({
      endpoint: "/v1/path/of/the/list",
      paginate: {
        type: "cursor",
        cursor_name_in_request: "cursor",
        cursor_path_in_response: "next_cursor",
        response_path: "data",
        limit_name_in_request: "limit",
        limit: 100,
      },
      retries: 3,
    });
    for await (const page of pages) {
      await nango.batchSave(
        page.map(({ id }) => ({ id })),
        "${model}",
      );
    }
    await nango.trackDeletesEnd("${model}"); // what was not saved since the start is gone at the provider
  },
});
`;

const action = (): string => `import { createAction } from "syncline";
import { z } from "zod";

const Input = z.object({ id: z.string() });
const Output = z.object({ id: z.string() });

export default createAction({
  description: "What this action does",
  version: "1.0.0",
  input: Input,
  output: Output,

  exec: async (nango, input) => {
    const { data } = await nango.get<z.infer<typeof Output>>({
      endpoint: \`/v1/path/of/the/thing/\${encodeURIComponent(input.id)}\`,
      retries: 3,
    });
    return { id: data.id };
  },
});
`;

const onEvent = (): string => `import { createOnEvent } from "syncline";

export default createOnEvent({
  description: "What is done when a connection is made",
  version: "1.0.0",
  event: "post-connection-creation", // or validate-connection, pre-connection-deletion

  exec: async (nango) => {
    await nango.log(\`connected: \${nango.connectionId}\`);
  },
});
`;

/** `syncs`, `actions` or `on-events`: the folder says what a file is. */
export const FOLDERS = { sync: "syncs", action: "actions", "on-event": "on-events" } as const;

export type Kind = keyof typeof FOLDERS;

const modelName = (name: string): string => {
  const words = name.split(/[^a-zA-Z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  const singular = joined.replace(/ies$/, "y").replace(/([^s])s$/, "$1");
  return /^[A-Z][a-zA-Z0-9_]+$/.test(singular) ? singular : "Item";
};

/** The text of a function of this kind and name. */
export const skeletonOf = (kind: Kind, name: string): string => {
  if (kind === "sync") return sync(modelName(name));
  return kind === "action" ? action() : onEvent();
};

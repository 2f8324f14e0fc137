// Create a contact: an action, called by your product when its user does something that must happen at Acme too.
import { createAction } from "syncline";
import { z } from "zod";

const Input = z.object({ first_name: z.string(), last_name: z.string(), email: z.email() });
const Output = z.object({ id: z.string(), email: z.string() });

type AcmeContact = z.infer<typeof Output> & { created_at: string };

export default createAction({
  description: "Create a contact",
  version: "1.0.0",
  input: Input,
  output: Output,

  exec: async (nango, input) => {
    if (input.email.endsWith("@example.com")) {
      // An ActionError reaches your product as it is: a code to act on and words for its user.
      throw new nango.ActionError({ code: "example_address", message: "Acme takes no addresses of example.com." });
    }
    const { data } = await nango.post<AcmeContact>({
      endpoint: "/v1/contacts",
      data: input,
      retries: 0, // a second attempt could make a second contact
    });
    return { id: data.id, email: data.email };
  },
});

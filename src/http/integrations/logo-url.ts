// Where the logo of a provider is.
import type { Request } from "express";

/** The URL of a provider's logo, on the host that the request came to. */
export const logoUrl = (req: Request, provider: string): string =>
  `${req.protocol}://${req.host}/images/template-logos/${provider}.svg`;

// GET /images/template-logos/<provider>.svg: where the API says that a provider's logo is. We own nobody's logo, so it is the
// first letters of the name on a tint of its own, as on the connect page: who shows a list of integrations has a picture for each.
import type { Express } from "express";
import type { HttpDeps } from "../deps.ts";

// Background and letters, as the page's light theme has them.
const TINTS = [
  ["#e0e7ff", "#3730a3"],
  ["#dcfce7", "#166534"],
  ["#ffedd5", "#9a3412"],
  ["#fce7f3", "#9d174d"],
  ["#e0f2fe", "#075985"],
  ["#f3e8ff", "#6b21a8"],
] as const;

/** One or two letters; what stands in brackets is no part of the name. */
const initialsOf = (name: string): string => {
  const [first = "?", second] = name.replace(/\(.*?\)/g, "").match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters = second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]];
  return letters.join("").toUpperCase();
};

const drawing = (name: string): string => {
  const sum = [...name].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  const [back, front] = TINTS[sum % TINTS.length] ?? TINTS[0];
  const text = `<text x="32" y="33" dominant-baseline="central" text-anchor="middle" font-family="system-ui, sans-serif" font-size="24" font-weight="600" fill="${front}">${initialsOf(name)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><rect width="64" height="64" rx="14" fill="${back}"/>${text}</svg>\n`;
};

/** Adds the drawings; open to everybody, as the images of a page are asked for without a key. */
export const installLogos = (app: Express, { catalogue }: Pick<HttpDeps, "catalogue">): void => {
  app.get("/images/template-logos/:provider.svg", ({ params: { provider } }, res, next) => {
    const found = catalogue.get(provider);
    if (found === undefined) return next();
    res.set({
      "Cache-Control": "public, max-age=3600",
      "Content-Security-Policy": "default-src 'none'",
      "Cross-Origin-Resource-Policy": "cross-origin",
      "X-Content-Type-Options": "nosniff",
    });
    res.type("svg").send(drawing(found.display_name));
  });
};

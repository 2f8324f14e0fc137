// Files that import from "nango" type-check here as those that import from "syncline".
declare module "nango" {
  export * from "syncline";
}
declare module "nango/test" {
  export * from "syncline/test";
}

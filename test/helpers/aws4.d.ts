// The part of aws4 that the tests compare with; the package has no types.
declare module "aws4" {
  type Request = {
    method?: string;
    host?: string;
    path?: string;
    service?: string;
    region?: string;
    headers?: Record<string, string>;
    body?: string;
    extraHeadersToIgnore?: Record<string, boolean>;
  };
  type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

  const aws4: { sign(request: Request, keys: Keys): Request };
  export default aws4;
}

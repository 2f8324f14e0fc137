// stub
export const nodeModules = () => ({});

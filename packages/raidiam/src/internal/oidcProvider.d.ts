// the root of the package prints a warning when Node is not an LTS release
declare module "oidc-provider/lib/provider.js" {
  export { Provider } from "oidc-provider";
}

// the package's root prints a warning when it is imported on a Node that is not an LTS release
declare module "oidc-provider/lib/provider.js" {
  export { Provider } from "oidc-provider";
}

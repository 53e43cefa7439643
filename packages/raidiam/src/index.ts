export { Raidiam, type RaidiamOptions } from "./Raidiam.ts";

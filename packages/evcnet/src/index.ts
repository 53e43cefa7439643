export { Evcnet, type EvcnetOptions } from "./Evcnet.ts";

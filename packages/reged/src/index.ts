export { Reged, type RegedOptions } from "./Reged.ts";

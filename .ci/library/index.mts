// A library of a stranger: it depends on one vendor and effect, and publishes a layer.
import { Reged } from "@x/reged";

export const L = Reged.layer({
  environment: "uat",
  clientId: "id",
  audience: "https://uatapi.reged.com",
  scope: "all",
});
export const FromConfig = Reged.layerConfig();
export const make = Reged.make({
  environment: "uat",
  clientId: "id",
  audience: "https://uatapi.reged.com",
  scope: "all",
});

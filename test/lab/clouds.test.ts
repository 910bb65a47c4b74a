import { awsCallCases } from "../support/clouds/aws-suite.ts";
import { gcpSwapCases } from "../support/clouds/gcp-suite.ts";
import { awsTraits, gcpTraits, overBackend } from "../support/clouds/harness.ts";
import { startLab } from "../support/clouds/lab.ts";
import { cloudConformance } from "../support/clouds/suite.ts";
import { worldOf } from "../support/clouds/world.ts";

/**
 * The clouds' conformance suite over emulators. They get a new world for each case, so never point this at the ones a
 * cluster runs on: start some of your own, and say where in CLOUDS_LAB_CONTROL_URL.
 */
const controlUrl = process.env["CLOUDS_LAB_CONTROL_URL"];
if (controlUrl === undefined) throw new Error("CLOUDS_LAB_CONTROL_URL is not set; accepted: http://127.0.0.1:9300");

const startAws = async () => overBackend("aws", await startLab(controlUrl, worldOf("aws")));
const startGcp = async () => overBackend("gcp", await startLab(controlUrl, worldOf("gcp")));

cloudConformance(awsTraits, startAws);
cloudConformance(gcpTraits, startGcp);
awsCallCases(startAws);
gcpSwapCases(startGcp, undefined, false);

import { awsTraits, gcpTraits, overBackend, startFake } from "../support/clouds/harness.ts";
import { memoryTraits, startMemory } from "../support/clouds/memory-harness.ts";
import { cloudConformance } from "../support/clouds/suite.ts";
import { worldOf } from "../support/clouds/world.ts";

cloudConformance(memoryTraits, startMemory);
cloudConformance(awsTraits, async () => overBackend("aws", await startFake(worldOf("aws"))));
cloudConformance(gcpTraits, async () => overBackend("gcp", await startFake(worldOf("gcp"))));

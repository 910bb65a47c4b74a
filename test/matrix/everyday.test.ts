import { survives } from "./survive.ts";

survives("everyday");

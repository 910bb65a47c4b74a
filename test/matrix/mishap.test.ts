import { survives } from "./survive.ts";

survives("mishap");

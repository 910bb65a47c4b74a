import type { Filter } from "@aws-sdk/client-ec2";
import { EgressError } from "../../errors.ts";

const accepted = "accepted: 'Name=tag:env,Values=prod,test', several separated by ';'";

/**
 * Reads the AWS CLI's filter text. Values may hold `=`; one that holds a comma or `;Name=` is written in double quotes.
 * Throws CLOUD_SELECT_INVALID.
 */
export function parseFilters(text: string): Filter[] {
  const parts = text.split(/;\s*(?=Name=|$)/).filter((part) => part.trim() !== "");
  if (parts.length === 0) throw invalid(text, text);
  return parts.map((part) => {
    const [, name, values] = /^\s*Name=(.+?),\s*Values=(.+?)\s*$/s.exec(part) ?? [];
    if (name === undefined || values === undefined) throw invalid(text, part);
    return { Name: name, Values: splitValues(values, () => invalid(text, part)) };
  });
}

function splitValues(text: string, failure: () => EgressError): string[] {
  const values: string[] = [];
  let rest = text;
  while (true) {
    const [whole = "", quoted, plain] = /^(?:"([^"]*)"|([^,"]+))(?:,|$)/.exec(rest) ?? [];
    const value = quoted ?? plain;
    if (value === undefined) throw failure();
    values.push(value);
    rest = rest.slice(whole.length);
    if (rest === "") {
      if (whole.endsWith(",")) throw failure();
      return values;
    }
  }
}

function invalid(text: string, part: string): EgressError {
  const where = part === text ? "" : `, at '${part}'`;
  return new EgressError("CLOUD_SELECT_INVALID", `select.filter is '${text}'${where}; ${accepted}`);
}

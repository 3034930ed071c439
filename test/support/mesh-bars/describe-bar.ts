// Makes the test of a bar of the mesh.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { natsServerInstalled } from "../nats-server.ts";
import { isWithin, type MeasuredBar, type MeshBar } from "./bar.ts";
import { measureBar } from "./measure-bar.ts";

/** The bar's test: a line for each figure. */
export function describeBar(bar: MeshBar): void {
  describe(`real processes in a mesh: ${bar.scenario}`, () => {
    let measured: MeasuredBar;

    before(async function () {
      if (!natsServerInstalled()) this.skip();
      measured = await measureBar(bar);
    });

    for (const [index, { what, most }] of bar.figures.entries()) {
      it(most === null ? `${what}, to compare with` : `${what}: at most ${most}`, () => {
        const figure = measured.figures[index];
        assert.ok(figure !== undefined);
        console.log(`      ${round(figure.value)} (the machine was late by up to ${round(measured.machineLateMs)} ms)`);
        assert.ok(isWithin(measured, figure), `${figure.value} > ${most}`);
      });
    }
  });
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

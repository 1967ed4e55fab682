/* The committed checkpoints, each a classic script that brings the bytes of its file; loaded when first needed. */
"use strict";

(function (Steerlens) {
  const FOLDER = document.currentScript.src.replace(/[^/]*$/, "");
  const NETWORKS = { lenet: Steerlens.LeNet, robust_lenet: Steerlens.LeNet, resnet: Steerlens.ResNet };
  const loading = {};

  /**
   * What the scripts of the checkpoints bring, by name.
   * @type {Record<string, {file: string, sha256: string, accuracy: number, base64: string}>}
   */
  Steerlens.checkpoints = Steerlens.checkpoints || {};

  /** Runs a classic script of this folder, which works from the file system, too. */
  function run(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${FOLDER}${name}.js`;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${name}.js cannot be read`));
      document.head.append(script);
    });
  }

  async function load(name) {
    if (!Steerlens.checkpoints[name]) await run(name);
    const record = Steerlens.checkpoints[name];
    record.bytes = Steerlens.bytes(record.base64);
    record.base64 = "";
    return new NETWORKS[name](Steerlens.readSafetensors(record.bytes));
  }

  /** A trained network; every call gives the same one. @param {"lenet" | "robust_lenet" | "resnet"} name */
  Steerlens.network = (name) => (loading[name] = loading[name] || load(name));

  /**
   * Whether a loaded checkpoint is the committed file, by its SHA-256; null where the browser cannot tell.
   * @param {string} name @returns {Promise<boolean | null>}
   */
  Steerlens.verified = async function (name) {
    const { bytes, sha256 } = Steerlens.checkpoints[name];
    if (!globalThis.crypto?.subtle) return null;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
  };
})(globalThis.Steerlens);

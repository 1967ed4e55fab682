/* The classifiers (steerlens/classifiers/networks.py) in float64: checkpoints read, logits, gradients at the pixels. */
"use strict";

(function (Steerlens) {
  const CLASSES = 10;
  const SIDE = 28; // of the images

  /** The bytes that a text in base64 stands for. */
  Steerlens.bytes = function (text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text); // newer browsers: many times as fast
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  };

  /** The float32 tensors of a safetensors file, by name: {shape, values}. @param {Uint8Array} bytes */
  Steerlens.readSafetensors = function (bytes) {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const tensors = {};
    for (const [name, { dtype, shape, data_offsets: ends }] of Object.entries(header)) {
      if (dtype === "F32") tensors[name] = { shape, values: new Float32Array(bytes.slice(8 + length + ends[0], 8 + length + ends[1]).buffer) };
    }
    return tensors;
  };

  /** Weights (out, in, rows, columns) with the channels that come out last: (rows, columns, in, out). */
  function outLast({ shape: [outs, ins, rows = 1, columns = 1], values }, gains = null) {
    const turned = gains ? new Float64Array(values.length) : new Float32Array(values.length);
    for (let o = 0, i = 0; o < outs; o++) {
      for (let c = 0; c < ins; c++) {
        for (let tap = 0; tap < rows * columns; tap++, i++) turned[(tap * ins + c) * outs + o] = gains ? values[i] * gains[o] : values[i];
      }
    }
    return turned;
  }

  /**
   * A convolution of an image (side, side, ins), channels last. The weights of eight channels stay in the
   * processor's nearest cache while all positions are visited; entries that are zero are skipped.
   * Every position sums in the same order, so that equal neighbourhoods give equal values to the last digit.
   */
  class Convolution {
    constructor({ side, ins, outs, kernel, stride = 1, padding = 0, weights, biases }) {
      Object.assign(this, { side, ins, outs, kernel, stride, padding, biases });
      this.after = Math.floor((side + 2 * padding - kernel) / stride) + 1;
      this.blocks = Array.from({ length: outs / 8 }, (_, block) => {
        const own = new weights.constructor((8 * weights.length) / outs);
        for (let i = 0, from = 8 * block; i < own.length; i += 8, from += outs) {
          for (let c = 0; c < 8; c++) own[i + c] = weights[from + c];
        }
        return own;
      });
      this.starts = new Int32Array(this.after * this.after + 1);
      this.taps = new Int32Array(this.after * this.after * kernel * kernel * ins);
      this.entries = new Float64Array(this.taps.length);
      this.output = new Float64Array(this.after * this.after * outs);
    }

    /** Lists, for each position, the entries under the kernel that are not zero. */
    _gather(input) {
      const { side, ins, kernel, stride, padding, after, starts, taps, entries } = this;
      let count = 0;
      for (let position = 0; position < after * after; position++) {
        const top = Math.floor(position / after) * stride - padding, left = (position % after) * stride - padding;
        starts[position] = count;
        for (let ky = Math.max(0, -top); ky < Math.min(kernel, side - top); ky++) {
          for (let kx = Math.max(0, -left); kx < Math.min(kernel, side - left); kx++) {
            const at = ((top + ky) * side + left + kx) * ins, tap = (ky * kernel + kx) * ins;
            for (let c = 0; c < ins; c++) {
              const value = input[at + c];
              if (value !== 0) {
                entries[count] = value;
                taps[count++] = (tap + c) * 8;
              }
            }
          }
        }
      }
      starts[after * after] = count;
    }

    /** @param {Float64Array} input @returns {Float64Array} (after, after, outs), overwritten by the next call */
    forward(input) {
      this._gather(input);
      this.blocks.forEach((weights, block) => this._block(weights, block * 8));
      return this.output;
    }

    _block(w, first) {
      const { starts, taps, entries, outs, output, biases } = this;
      for (let position = 0; position < starts.length - 1; position++) {
        let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        for (let i = starts[position]; i < starts[position + 1]; i++) {
          const value = entries[i], t = taps[i];
          a += value * w[t];
          b += value * w[t + 1];
          c += value * w[t + 2];
          d += value * w[t + 3];
          e += value * w[t + 4];
          f += value * w[t + 5];
          g += value * w[t + 6];
          h += value * w[t + 7];
        }
        const at = position * outs + first;
        output[at] = a + biases[first];
        output[at + 1] = b + biases[first + 1];
        output[at + 2] = c + biases[first + 2];
        output[at + 3] = d + biases[first + 3];
        output[at + 4] = e + biases[first + 4];
        output[at + 5] = f + biases[first + 5];
        output[at + 6] = g + biases[first + 6];
        output[at + 7] = h + biases[first + 7];
      }
    }
  }

  /** ReLU and 2x2 max-pooling of (side, side, channels): of equal values the first wins, as in torch. */
  class RectifiedPool {
    constructor(side, channels) {
      Object.assign(this, { side, channels, after: side / 2 });
      this.output = new Float64Array((side * side * channels) / 4);
      this.winners = new Int32Array(this.output.length); // index into the input; -1 where ReLU is shut
    }

    forward(input) {
      const { side, channels, after, output, winners } = this;
      for (let y = 0, i = 0; y < after; y++) {
        for (let x = 0; x < after; x++) {
          const corner = (2 * y * side + 2 * x) * channels;
          for (let c = 0; c < channels; c++, i++) {
            let at = corner + c;
            if (input[corner + channels + c] > input[at]) at = corner + channels + c;
            if (input[corner + side * channels + c] > input[at]) at = corner + side * channels + c;
            if (input[corner + (side + 1) * channels + c] > input[at]) at = corner + (side + 1) * channels + c;
            const open = input[at] > 0;
            output[i] = open ? input[at] : 0;
            winners[i] = open ? at : -1;
          }
        }
      }
      return output;
    }
  }

  /** values @ weights.T + biases; weights (outs, ins) row by row. */
  function linear(values, { values: weights }, { values: biases }) {
    const outs = biases.length, ins = values.length, found = new Float64Array(outs);
    for (let o = 0; o < outs; o++) {
      let sum = 0;
      for (let i = 0, at = o * ins; i < ins; i++) sum += values[i] * weights[at + i];
      found[o] = sum + biases[o];
    }
    return found;
  }

  /** gradient @ weights: where the gradient at what comes out arrives at what went in. */
  function linearAdjoint(gradient, { values: weights }, ins) {
    const found = new Float64Array(ins);
    gradient.forEach((g, o) => {
      if (g !== 0) for (let i = 0, at = o * ins; i < ins; i++) found[i] += g * weights[at + i];
    });
    return found;
  }

  /** Entries (side, side, channels) in the order (channels, side, side), in which a linear layer counts them. */
  function flattening(side, channels) {
    const order = new Int32Array(side * side * channels);
    for (let c = 0, i = 0; c < channels; c++) {
      for (let position = 0; position < side * side; position++, i++) order[i] = position * channels + c;
    }
    return order;
  }

  class LeNet {
    /** @param {ReturnType<typeof Steerlens.readSafetensors>} tensors */
    constructor(tensors) {
      this.tensors = tensors;
      this.first = new Convolution({ side: SIDE, ins: 1, outs: 32, kernel: 5, padding: 2, weights: outLast(tensors["0.weight"]), biases: tensors["0.bias"].values });
      this.firstPool = new RectifiedPool(28, 32);
      this.second = new Convolution({ side: 14, ins: 32, outs: 64, kernel: 5, weights: outLast(tensors["3.weight"]), biases: tensors["3.bias"].values });
      this.secondPool = new RectifiedPool(10, 64);
      this.order = flattening(5, 64);
      this.backward = this._backwardWeights();
    }

    /** Of the second convolution: for each channel that comes out, its kernel with the channels that went in last. */
    _backwardWeights() {
      const { values } = this.tensors["3.weight"], turned = new Float32Array(values.length);
      for (let o = 0, i = 0; o < 64; o++) {
        for (let c = 0; c < 32; c++) {
          for (let tap = 0; tap < 25; tap++, i++) turned[o * 800 + tap * 32 + c] = values[i];
        }
      }
      return turned;
    }

    /** @param {Float64Array} image 28 x 28 in [0, 1] @returns {Float64Array} ten logits */
    logits(image) {
      this.seen = image;
      const pooled = this.secondPool.forward(this.second.forward(this.firstPool.forward(this.first.forward(image))));
      const flat = new Float64Array(1600);
      for (let i = 0; i < 1600; i++) flat[i] = pooled[this.order[i]];
      this.hidden = linear(flat, this.tensors["7.weight"], this.tensors["7.bias"]).map((value) => Math.max(0, value));
      return linear(this.hidden, this.tensors["9.weight"], this.tensors["9.bias"]);
    }

    /** The gradient at the pixels of the image that `logits` saw last. @param {Float64Array} gradient at its logits */
    imageGradient(gradient) {
      const atHidden = linearAdjoint(gradient, this.tensors["9.weight"], 128);
      this.hidden.forEach((value, i) => { if (value === 0) atHidden[i] = 0; });
      const atFlat = linearAdjoint(atHidden, this.tensors["7.weight"], 1600);
      return this._throughFirst(this._throughSecond(atFlat));
    }

    /** From the flattened features to (14, 14, 32). */
    _throughSecond(atFlat) {
      const found = new Float64Array(14 * 14 * 32), { winners } = this.secondPool;
      for (let i = 0; i < 1600; i++) {
        const winner = winners[this.order[i]], g = atFlat[i];
        if (winner < 0 || g === 0) continue;
        const position = Math.floor(winner / 64), weights = (winner % 64) * 800;
        const corner = Math.floor(position / 10) * 14 + (position % 10);
        for (let ky = 0; ky < 5; ky++) {
          const into = (corner + ky * 14) * 32, from = weights + ky * 160;
          for (let j = 0; j < 160; j++) found[into + j] += g * this.backward[from + j];
        }
      }
      return found;
    }

    /** From there to the pixels. */
    _throughFirst(atPooled) {
      const padded = new Float64Array(32 * 32), { winners } = this.firstPool, { values } = this.tensors["0.weight"];
      for (let i = 0; i < atPooled.length; i++) {
        const winner = winners[i], g = atPooled[i];
        if (winner < 0 || g === 0) continue;
        const position = Math.floor(winner / 32), weights = (winner % 32) * 25;
        const corner = Math.floor(position / SIDE) * 32 + (position % SIDE);
        for (let ky = 0; ky < 5; ky++) {
          for (let kx = 0; kx < 5; kx++) padded[corner + ky * 32 + kx] += g * values[weights + ky * 5 + kx];
        }
      }
      return Steerlens.cropped(padded);
    }
  }

  /** Convolution and batch normalisation, as one convolution. */
  function normalized(tensors, convolution, norm, shape) {
    const { values: gain } = tensors[`${norm}.weight`], { values: shift } = tensors[`${norm}.bias`];
    const { values: mean } = tensors[`${norm}.running_mean`], { values: variance } = tensors[`${norm}.running_var`];
    const gains = Float64Array.from(gain, (g, o) => g / Math.sqrt(variance[o] + 1e-5));
    const biases = gains.map((g, o) => shift[o] - mean[o] * g);
    return new Convolution({ ...shape, weights: outLast(tensors[`${convolution}.weight`], gains), biases });
  }

  const rectify = (values) => {
    for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
    return values;
  };

  /** The judge: a small residual net, which is only asked, never followed. */
  class ResNet {
    constructor(tensors) {
      this.tensors = tensors;
      this.stem = normalized(tensors, "0", "1", { side: SIDE, ins: 1, outs: 16, kernel: 3, padding: 1 });
      this.blocks = [[3, 28, 16, 32], [4, 14, 32, 64], [5, 7, 64, 64]].map(([name, side, ins, outs]) => ({
        shortcut: new Convolution({ side, ins, outs, kernel: 1, stride: 2, weights: outLast(tensors[`${name}.shortcut.weight`]), biases: new Float64Array(outs) }),
        first: normalized(tensors, `${name}.body.0`, `${name}.body.1`, { side, ins, outs, kernel: 3, stride: 2, padding: 1 }),
        second: normalized(tensors, `${name}.body.3`, `${name}.body.4`, { side: Math.ceil(side / 2), ins: outs, outs, kernel: 3, padding: 1 }),
      }));
    }

    /** @param {Float64Array} image 28 x 28 in [0, 1] @returns {Float64Array} ten logits */
    logits(image) {
      let features = rectify(this.stem.forward(image));
      for (const { shortcut, first, second } of this.blocks) {
        const straight = shortcut.forward(features), body = second.forward(rectify(first.forward(features)));
        features = rectify(body.map((value, i) => value + straight[i]));
      }
      const means = new Float64Array(64), positions = features.length / 64;
      features.forEach((value, i) => { means[i % 64] += value / positions; });
      return linear(means, this.tensors["8.weight"], this.tensors["8.bias"]);
    }
  }

  /** A 28 x 28 image with two pixels of black on every side. */
  Steerlens.padded = function (image) {
    const found = new Float64Array(32 * 32);
    for (let y = 0; y < SIDE; y++) found.set(image.subarray(y * SIDE, (y + 1) * SIDE), (y + 2) * 32 + 2);
    return found;
  };

  /** The 28 x 28 pixels within a border of two. */
  Steerlens.cropped = function (image) {
    const found = new Float64Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++) found.set(image.subarray((y + 2) * 32 + 2, (y + 2) * 32 + 2 + SIDE), y * SIDE);
    return found;
  };

  /** @param {Float64Array} logits @returns {Float64Array} */
  Steerlens.softmax = function (logits) {
    const top = Math.max(...logits), powers = logits.map((value) => Math.exp(value - top));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((value) => value / sum);
  };

  Object.assign(Steerlens, { LeNet, ResNet, CLASSES });
})(globalThis.Steerlens);

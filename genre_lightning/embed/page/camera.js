// Which part of the map is visible. Both axes have the same scale, in pixels per unit of the map.

const FLIGHT_MILLISECONDS = 450;
const MARGIN_PIXELS = 48;

class Camera {
  constructor(plot, xs, ys) {
    this.plot = plot;
    this.home = Camera.around(xs, ys);
    this.listeners = [];
    this.measure();
    this.fit();
    const { inner_width, inner_height } = plot.properties;
    plot.on_change([inner_width, inner_height], () => this.resize());
    for (const range of [plot.x_range, plot.y_range]) {
      const { start, end } = range.properties;
      range.on_change([start, end], () => this.announce());
    }
  }

  // The centre of the points and their extent; a single point gets some room around it
  static around(xs, ys) {
    const [left, right] = extent(xs);
    const [bottom, top] = extent(ys);
    return { x: (left + right) / 2, y: (bottom + top) / 2, width: right - left || 1, height: top - bottom || 1 };
  }

  measure() {
    this.width = this.plot.inner_width || 1;
    this.height = this.plot.inner_height || 1;
  }

  get scale() {
    return this.width / (this.plot.x_range.end - this.plot.x_range.start);
  }

  get homeScale() {
    const margin = Math.min(2 * MARGIN_PIXELS, this.width / 4, this.height / 4);
    return Math.min((this.width - margin) / this.home.width, (this.height - margin) / this.home.height);
  }

  get zoom() {
    return this.scale / this.homeScale;
  }

  get centre() {
    const { x_range, y_range } = this.plot;
    return [(x_range.start + x_range.end) / 2, (y_range.start + y_range.end) / 2];
  }

  onMove(listener) {
    this.listeners.push(listener);
  }

  // Both ranges change together: listeners are called once, before the next frame
  announce() {
    this.announced ??= requestAnimationFrame(() => {
      this.announced = null;
      for (const listener of this.listeners) listener();
    });
  }

  toScreen(x, y) {
    const { x_range, y_range } = this.plot;
    return [(x - x_range.start) * this.scale, (y_range.end - y) * this.scale];
  }

  sees([left, top]) {
    return left >= 0 && top >= 0 && left <= this.width && top <= this.height;
  }

  look(x, y, scale) {
    const [halfWidth, halfHeight] = [this.width / 2 / scale, this.height / 2 / scale];
    this.plot.x_range.setv({ start: x - halfWidth, end: x + halfWidth });
    this.plot.y_range.setv({ start: y - halfHeight, end: y + halfHeight });
  }

  fit() {
    this.look(this.home.x, this.home.y, this.homeScale);
  }

  // Keep the same part of the map visible in a window of another size
  resize() {
    const [zoom, [x, y]] = [this.zoom, this.centre];
    this.measure();
    this.look(x, y, zoom * this.homeScale);
  }

  flyTo(x, y, zoom) {
    const [from, [fromX, fromY], begin] = [this.zoom, this.centre, performance.now()];
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (now) => {
      const passed = still ? 1 : Math.min(1, Math.max(0, now - begin) / FLIGHT_MILLISECONDS);
      const eased = passed * passed * (3 - 2 * passed);
      const scale = from ** (1 - eased) * zoom ** eased * this.homeScale;
      this.look(fromX + (x - fromX) * eased, fromY + (y - fromY) * eased, scale);
      if (passed < 1) this.flight = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.flight);
    step(begin);
  }

  goHome() {
    this.flyTo(this.home.x, this.home.y, 1);
  }

  zoomBy(factor) {
    this.flyTo(...this.centre, this.zoom * factor);
  }
}

function extent(numbers) {
  let [least, most] = [Infinity, -Infinity];
  for (const number of numbers) {
    least = Math.min(least, number);
    most = Math.max(most, number);
  }
  return [least, most];
}

// Which part of the map is visible. Both axes have the same scale, in pixels per unit of the map.

const FLIGHT_MILLISECONDS = 450;
const MARGIN_PIXELS = 56; // in which buttons and the ends of axes stand
const [FARTHEST, CLOSEST] = [0.5, 1000];

export class Camera {
  // `zoom` is 1 where the whole map is just visible
  constructor(xs, ys) {
    this.home = around(xs, ys);
    Object.assign(this, { x: this.home.x, y: this.home.y, zoom: 1, width: 1, height: 1, listeners: [] });
  }

  // The same part of the map stays visible in a window of another size
  resize(width, height) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
    this.announce();
  }

  onMove(listener) {
    this.listeners.push(listener);
  }

  announce() {
    for (const listener of this.listeners) listener();
  }

  get homeScale() {
    const margin = Math.min(2 * MARGIN_PIXELS, this.width / 4, this.height / 4);
    return Math.min((this.width - margin) / this.home.width, (this.height - margin) / this.home.height);
  }

  get scale() {
    return this.zoom * this.homeScale;
  }

  // What x is multiplied by, what is added to it, and what y, so multiplied, is taken from
  get transform() {
    const { x, y, scale, width, height } = this;
    return [scale, width / 2 - x * scale, height / 2 + y * scale];
  }

  toScreen(x, y) {
    const [scale, right, down] = this.transform;
    return [x * scale + right, down - y * scale];
  }

  toMap(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }

  sees([left, top]) {
    return left >= 0 && top >= 0 && left <= this.width && top <= this.height;
  }

  look(x, y, zoom) {
    Object.assign(this, { x, y, zoom: Math.min(CLOSEST, Math.max(FARTHEST, zoom)) });
    this.announce();
  }

  panBy(right, down) {
    this.look(this.x - right / this.scale, this.y + down / this.scale, this.zoom);
  }

  // What is at a place of the screen stays there
  zoomAt(left, top, factor) {
    const [x, y] = this.toMap(left, top);
    const zoom = Math.min(CLOSEST, Math.max(FARTHEST, this.zoom * factor));
    const scale = zoom * this.homeScale;
    this.look(x - (left - this.width / 2) / scale, y + (top - this.height / 2) / scale, zoom);
  }

  flyTo(x, y, zoom) {
    const [from, fromX, fromY, begin] = [this.zoom, this.x, this.y, performance.now()];
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (now) => {
      const passed = still ? 1 : Math.min(1, Math.max(0, now - begin) / FLIGHT_MILLISECONDS);
      const eased = passed * passed * (3 - 2 * passed);
      this.look(fromX + (x - fromX) * eased, fromY + (y - fromY) * eased, from ** (1 - eased) * zoom ** eased);
      if (passed < 1) this.flight = requestAnimationFrame(step);
    };
    this.land();
    step(begin);
  }

  // End a flight where it is, since somebody takes the map
  land() {
    cancelAnimationFrame(this.flight);
  }

  goHome() {
    this.flyTo(this.home.x, this.home.y, 1);
  }

  zoomBy(factor) {
    this.flyTo(this.x, this.y, this.zoom * factor);
  }
}

// The centre of points and their extent; a single point gets some room around it
function around(xs, ys) {
  const [left, right] = extent(xs);
  const [bottom, top] = extent(ys);
  return { x: (left + right) / 2, y: (bottom + top) / 2, width: right - left || 1, height: top - bottom || 1 };
}

function extent(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

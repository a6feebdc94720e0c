// What fingers and the mouse do on the map: drag it, pinch it, turn the wheel, click, and draw a line.

const STILL_PIXELS = 4; // a click may move by that
const PER_WHEEL_PIXEL = 0.0015;
const WHEEL_LINE_PIXELS = 30; // of browsers that count lines
const PER_PINCH = 6; // a pinch on a touchpad is a wheel that turns slowly

export class Pointer {
  // `acts`: hover(left, top, kind), leave(), tap(left, top, kind); isDrawing(event), draw(from, to), drawn(from, to), drop()
  constructor(plane, camera, acts) {
    Object.assign(this, { plane, camera, acts, pressed: new Map(), start: null });
    const listen = (name, act) => plane.addEventListener(name, act, { passive: false });
    listen("pointerdown", (event) => this.press(event));
    listen("pointermove", (event) => this.move(event));
    listen("pointerup", (event) => this.release(event));
    listen("pointercancel", (event) => this.cancel(event));
    listen("pointerleave", () => acts.leave());
    listen("wheel", (event) => this.wheel(event));
  }

  place({ clientX, clientY }) {
    const { left, top } = this.plane.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  press(event) {
    if (event.button !== 0) return;
    this.camera.land();
    this.plane.setPointerCapture(event.pointerId);
    this.pressed.set(event.pointerId, this.place(event));
    const alone = this.pressed.size === 1;
    if (this.start?.drawing) this.acts.drop();
    this.start = alone ? { place: this.place(event), moved: false, drawing: this.acts.isDrawing(event) } : null;
  }

  move(event) {
    const place = this.place(event);
    if (!this.pressed.has(event.pointerId)) return this.acts.hover(...place, event.pointerType);
    const before = new Map(this.pressed);
    this.pressed.set(event.pointerId, place);
    if (this.pressed.size === 2) return this.pinch([...before.values()], [...this.pressed.values()]);
    if (!this.start) return;
    this.start.moved ||= distance(this.start.place, place) > STILL_PIXELS;
    if (!this.start.moved) return;
    if (this.start.drawing) this.acts.draw(this.start.place, place);
    else this.drag(before.get(event.pointerId), place);
  }

  drag([left, top], [newLeft, newTop]) {
    this.acts.leave();
    this.camera.panBy(newLeft - left, newTop - top);
  }

  pinch([one, other], [newOne, newOther]) {
    const [from, to] = [middle(one, other), middle(newOne, newOther)];
    this.camera.panBy(to[0] - from[0], to[1] - from[1]);
    this.camera.zoomAt(...to, distance(newOne, newOther) / Math.max(1, distance(one, other)));
  }

  release(event) {
    const { start } = this;
    this.forget(event);
    if (!start || this.pressed.size) return;
    if (start.moved && start.drawing) this.acts.drawn(start.place, this.place(event));
    if (!start.moved) this.acts.tap(...this.place(event), event.pointerType);
  }

  cancel(event) {
    if (this.start?.drawing) this.acts.drop();
    this.forget(event);
  }

  forget(event) {
    this.pressed.delete(event.pointerId);
    this.start = null;
  }

  wheel(event) {
    event.preventDefault();
    this.camera.land();
    const pixels = event.deltaY * (event.deltaMode ? WHEEL_LINE_PIXELS : 1) * (event.ctrlKey ? PER_PINCH : 1);
    this.camera.zoomAt(...this.place(event), Math.exp(-PER_WHEEL_PIXEL * pixels));
  }
}

function distance([left, top], [otherLeft, otherTop]) {
  return Math.hypot(left - otherLeft, top - otherTop);
}

function middle([left, top], [otherLeft, otherTop]) {
  return [(left + otherLeft) / 2, (top + otherTop) / 2];
}

// Notation is laid out for a few widths of the window, so that a small change of it changes nothing.
const STEPS = [360, 480, 640, 800];
export const WIDEST = 1200;
export const viewWidth = () => STEPS.find((step) => document.documentElement.clientWidth <= step) ?? WIDEST;

const REST = 250; // ms
/* Does something once the window has had another width for a moment: while it is drawn, it passes through many. */
export function onWidth(then) {
  let timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(then, REST);
  });
}

// Notation is laid out for a few widths of the window, so that a small change of it changes nothing.
const STEPS = [360, 480, 640, 800];
export const WIDEST = 1200;
export const viewWidth = () => STEPS.find((step) => document.documentElement.clientWidth <= step) ?? WIDEST;

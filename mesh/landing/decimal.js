// Decimals as whole numbers of their smallest unit: no float touches a price, not even on a page.

export function unitsOf(text) {
  return BigInt(text.replace(".", ""));
}

export function scaleOf(text) {
  return (text.split(".")[1] ?? "").length;
}

export function textOf(units, scale) {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = units < 0n ? "−" : "";
  return scale ? `${sign}${whole}.${digits.slice(-scale)}` : sign + whole;
}

export function grouped(text) {
  return textOf(unitsOf(text), scaleOf(text));
}

// The live picture: the next one is asked for when the last is on the screen.

export function picture(show, frame) {
  const canvas = frame.querySelector("canvas");
  frame.onclick = () => frame.setAttribute("aria-pressed", frame.classList.toggle("small"));
  const pen = canvas.getContext("2d", { alpha: false });
  const seen = () => document.visibilityState === "visible";
  show.onPicture = async (data) => {
    const bitmap = await createImageBitmap(data);
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    }
    pen.drawImage(bitmap, 0, 0);
    bitmap.close();
    canvas.dataset.pictures = Number(canvas.dataset.pictures ?? 0) + 1;
    if (seen()) show.look();
  };
  document.addEventListener("visibilitychange", () => (seen() ? show.look() : show.lookAway()));
  return () => seen() && show.look();
}

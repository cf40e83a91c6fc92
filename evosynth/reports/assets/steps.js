
// Step by step: the slider shows one of the small pictures large, with its words.
document.addEventListener("input", (event) => {
  const slider = event.target.closest("input[data-steps]");
  if (!slider) return;
  const figure = slider.closest("figure");
  const steps = figure.querySelectorAll(".steps > li");
  const step = steps[slider.value];
  const small = step.querySelector("img"), large = figure.querySelector(".stepper img");
  for (const name of ["src", "alt"]) large.setAttribute(name, small.getAttribute(name));
  for (const name of ["width", "height"]) large[name] = 2 * small.getAttribute(name);
  figure.querySelector(".stepper .cost").replaceWith(step.querySelector(".cost").cloneNode(true));
  figure.querySelector(".step-told").textContent = step.dataset.words;
  slider.setAttribute("aria-valuetext", step.dataset.words);
  steps.forEach((one) => one.classList.toggle("at", one === step));
});

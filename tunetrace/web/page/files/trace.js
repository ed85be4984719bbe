// Sends a tune to the service, and shows what comes back. playScores, silence and linkSpans are those of saved pages.
const form = document.getElementById("ask");
const tune = document.getElementById("tune");
const answer = document.getElementById("answer");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const response = await fetch("/view/check", { method: "POST", body: tune.value });
  silence();
  if (!response.ok) {
    problem.textContent = (await response.json()).detail;
    answer.replaceChildren();
    return;
  }
  problem.textContent = "";
  answer.innerHTML = await response.text();
  playScores(answer);
  linkSpans(answer);
});

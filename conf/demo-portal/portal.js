"use strict";

const since = document.getElementById("since");
const at = new Date(Number(since.dataset.at) * 1000);
if (at.getTime() > 0) {
  since.dateTime = at.toISOString();
  since.textContent = at.toLocaleString("ru");
}

document.getElementById("leave").addEventListener("click", async () => {
  await fetch("/kabinet/api/v1/session", { method: "DELETE" });
  location.assign("/");
});

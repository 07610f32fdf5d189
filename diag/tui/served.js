// The terminal takes keys without a click, as soon as it is there.
const waiting = setInterval(() => {
  const field = document.querySelector("#terminal textarea");
  if (field) {
    clearInterval(waiting);
    field.focus();
  }
}, 100);

/* What a host gives to the pages it serves, such as examples/demo. quickstart.sh has it put in at the start
 * of the head, so that it is there before any script of the page runs. */
window.__runtime = { name: "example", version: "1.0" };

const a = require('./a');
if (x) return;
with (a) {}
module.exports = require(`./b`);
require(name);

// The server listens on all addresses whatever HOST says; here it is the loopback alone.
const cds = require('@sap/cds')
cds.on('bootstrap', app => {
  const listen = app.listen.bind(app)
  app.listen = port => listen(port, '127.0.0.1')
})
module.exports = cds.server

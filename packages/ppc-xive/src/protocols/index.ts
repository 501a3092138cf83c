// @virq/ppc-xive/protocols: multi-step kernel paths and the models that check them.

export {};

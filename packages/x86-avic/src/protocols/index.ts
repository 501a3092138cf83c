// @virq/x86-avic/protocols: multi-step kernel paths and the models that check them.

export {};

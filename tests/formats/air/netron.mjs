// Prints what netron's reader of offline models makes of files: node netron.mjs NETRON_FOLDER FILE...
import fs from 'node:fs';

const [folder, ...files] = process.argv.slice(2);
const base = await import(`${folder}/base.js`);
const om = await import(`${folder}/om.js`);
const types = new Map(JSON.parse(fs.readFileSync(`${folder}/om-metadata.json`)).map((type) => [type.name, type]));

const show = (value) => [value.name, `${value.type}`, value.initializer ? value.initializer.values.length : null];

for (const file of files) {
    const context = {
        stream: new base.BinaryStream(new Uint8Array(fs.readFileSync(file))),
        set(kind, value) {
            this.value = value;
            return kind;
        },
        metadata: async () => ({ type: (name) => types.get(name) }),
        require: async (name) => await import(`${folder}/${name}.js`)
    };
    const factory = new om.ModelFactory();
    if (await factory.match(context) !== 'om') {
        throw new Error(`${file} is not recognised`);
    }
    const model = await factory.open(context);
    const nodes = model.modules[0].nodes.map((node) => ({
        name: node.name,
        type: node.type.name,
        inputs: node.inputs.flatMap((argument) => argument.value.map(show)),
        outputs: node.outputs.flatMap((argument) => argument.value.map(show)),
        attributes: node.attributes.map((attribute) => attribute.name)
    }));
    console.log(JSON.stringify(nodes));
}
